// xml:lang ↔ Content-Language (rows IM-08, IM-27; RFC 7572 §8; BCP 47).

// RFC 5646 §2.1 "well-formed" comes down to this and the order of subtags, which no reader here depends on.
const TAG = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,15}$/;

/** The tag for a Content-Language field; undefined for what is no language tag (also `xml:lang=""`). */
export function languageForSip(lang: string): string | undefined {
  return TAG.test(lang) ? lang : undefined;
}

/** The first tag of a Content-Language value, for `xml:lang`; undefined when it is no language tag. */
export function languageForXml(contentLanguage: string): string | undefined {
  const comma = contentLanguage.indexOf(',');
  const first = (comma < 0 ? contentLanguage : contentLanguage.slice(0, comma)).trim();
  return TAG.test(first) ? first : undefined;
}
