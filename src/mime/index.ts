export { parseMediaType, parseDisposition, type MediaType } from './media-type.ts';
export { parseMimeHeaders, mimeHeader, type MimeHeader, type MimeHeaderBlock } from './mime-headers.ts';
export { decodeTransfer } from './transfer-encoding.ts';
export {
  parseMultipart,
  DEFAULT_MULTIPART_LIMITS,
  type MimePart,
  type MultipartLimits,
} from './multipart.ts';
export { decodeText } from './charset.ts';
export { htmlToText } from './html-to-text.ts';
export { parseDateTime } from './date-time.ts';
export {
  parseCpim,
  cpimHeaders,
  cpimText,
  cpimLanguage,
  cpimContentHeader,
  parseCpimAddress,
  NS_CPIM,
  DEFAULT_CPIM_LIMITS,
  type CpimAddress,
  type CpimHeader,
  type CpimLimits,
  type CpimMessage,
} from './cpim.ts';
export { formatCpim, formatCpimAddress, cpimTextHeader, escapeCpimText } from './cpim-format.ts';
export {
  readImdnRequest,
  imdnHeaders,
  parseImdn,
  formatImdn,
  IMDN_TYPE,
  NS_IMDN,
  NS_IMDN_HEADERS,
  type ImdnKind,
  type ImdnReport,
  type ImdnRequest,
  type ImdnStatus,
} from './imdn.ts';
export {
  parseIsComposing,
  formatIsComposing,
  IS_COMPOSING_TYPE,
  NS_IS_COMPOSING,
  DEFAULT_REFRESH_SECONDS,
  MIN_REFRESH_SECONDS,
  type IsComposing,
} from './is-composing.ts';
export {
  isRegistered,
  mergeRegInfo,
  parseRegInfo,
  NS_REGINFO,
  REGINFO_TYPE,
  type Merged,
  type RegInfo,
  type RegInfoTable,
  type Registration,
  type RegistrationContact,
} from './reginfo.ts';
export { inflate } from './inflate.ts';
