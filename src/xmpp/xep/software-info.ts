// Software information within disco#info. Sources: XEP-0232 0.3, XEP-0128 1.0.1, XEP-0068, XEP-0004.

import { element, type XmlElement } from '../../xml/index.ts';
import { FORM_SOFTWARE_INFO, NS_DATA } from './namespaces.ts';

export interface SoftwareInfo {
  readonly name: string;
  readonly version: string;
  /** Left out when undefined: XEP-0232, "Security Considerations", warns of helping attackers. */
  readonly os?: string | undefined;
}

/** The form of type "result" that says which software this is (XEP-0128 §2). */
export function softwareInfoForm(info: SoftwareInfo): XmlElement {
  const fields = [
    // XEP-0068: FORM_TYPE is hidden, and says whose names the others are.
    field('FORM_TYPE', FORM_SOFTWARE_INFO, 'hidden'),
    field('software', info.name),
    field('software_version', info.version),
  ];
  if (info.os !== undefined) fields.push(field('os', info.os));
  return element('x', NS_DATA, { type: 'result' }, ...fields);
}

function field(name: string, value: string, type?: string): XmlElement {
  return element('field', NS_DATA, { var: name, type }, element('value', NS_DATA, {}, value));
}
