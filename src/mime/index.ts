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
export {
  NS_DATA_MODEL,
  NS_PIDF,
  noteLanguages,
  PIDF_TYPE,
  type PidfContact,
  type PidfDevice,
  type PidfDocument,
  type PidfNote,
  type PidfPerson,
  type PidfShow,
  type PidfTuple,
} from './pidf.ts';
export { readPidf } from './pidf-read.ts';
export { formatPidf } from './pidf-format.ts';
export { PRESENCE_TYPES, readPresenceBody } from './presence-body.ts';
export { CPIM_PIDF_TYPE, readCpimPidf, readXpidf, XPIDF_TYPE } from './old-pidf.ts';
export {
  holdsAt,
  RPID_ACTIVITIES,
  RPID_MOODS,
  type RichPresence,
  type RpidActivity,
  type RpidEnumeration,
  type RpidMood,
  type RpidPeriod,
  type RpidPlace,
  type RpidPrivacy,
  type RpidRelationship,
  type RpidServiceClass,
  type RpidSphere,
  type RpidStatusIcon,
  type RpidTimeOffset,
  type RpidUserInput,
} from './rpid.ts';
export { CIVIC_FIELDS, formatDegrees, type CivicField, type PidfLocation } from './location.ts';
export type { Capabilities, CapabilityFlag, CapabilityList } from './pidf-caps.ts';
export {
  mergeWatcherInfo,
  parseWatcherInfo,
  NS_WATCHERINFO,
  WATCHERINFO_TYPE,
  type MergedWatchers,
  type Watcher,
  type WatcherChange,
  type WatcherInfo,
  type WatcherList,
  type WatcherStatus,
  type WatcherTable,
} from './watcherinfo.ts';
export {
  mergeResourceList,
  readResourceList,
  RELATED_TYPE,
  RLMI_TYPE,
  type ListedContent,
  type ListedInstance,
  type ListedResource,
  type MergedResources,
  type ResourceList,
  type ResourceListTable,
} from './resource-list.ts';
export { formatUriList, RESOURCE_LISTS_TYPE } from './uri-list.ts';
export { inflate } from './inflate.ts';
