// A session description (RFC 8866) as plain data. Attributes keep their order and those that nobody knows are kept too:
// what is not understood is not damaged. Typed readers of single attributes stand beside it.

/** One a= line. A property attribute has no value; `a=x:` has the value ''. */
export interface Attribute {
  readonly name: string;
  readonly value?: string | undefined;
}

/** c= (§5.7). */
export interface Connection {
  readonly netType: string;
  readonly addrType: string;
  /** As written, with a TTL or a number of addresses of multicast: "233.252.0.1/127/3". */
  readonly address: string;
}

/** b= (§5.8); kilobits a second for AS and CT, bits for TIAS (RFC 3890). */
export interface Bandwidth {
  readonly type: string;
  readonly value: number;
}

/** o= (§5.2). Numbers are text: they may have any number of digits. */
export interface Origin {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
  readonly netType: string;
  readonly addrType: string;
  readonly address: string;
}

/** t= with its r= and z= lines (§5.9 to §5.11), as written. */
export interface TimeDescription {
  readonly active: string;
  readonly repeats: readonly string[];
  readonly zones: readonly string[];
}

/** What a session and a medium both have. */
export interface Section {
  /** i= */
  readonly information?: string | undefined;
  readonly bandwidths: readonly Bandwidth[];
  /** k= is obsolete and must not be used (§5.12); it is kept as written so that it can be refused or dropped. */
  readonly key?: string | undefined;
  readonly attributes: readonly Attribute[];
}

/** One m= line and what belongs to it (§5.14). */
export interface MediaDescription extends Section {
  /** audio, video, text, application, message, image … */
  readonly media: string;
  /** 0 to 65535; 0 is a medium that was rejected or removed (RFC 3264 §6, §8.2). */
  readonly port: number;
  /** "/2" behind the port: how many ports follow each other. */
  readonly portCount?: number | undefined;
  /** For example "UDP/TLS/RTP/SAVPF". */
  readonly protocol: string;
  /** Payload types for RTP; the most preferred first. */
  readonly formats: readonly string[];
  readonly connections: readonly Connection[];
}

export interface SessionDescription extends Section {
  readonly origin: Origin;
  /** s=; "-" or " " when there is none. */
  readonly name: string;
  readonly uri?: string | undefined;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly connection?: Connection | undefined;
  readonly times: readonly TimeDescription[];
  readonly media: readonly MediaDescription[];
}

const NONE: readonly string[] = [];

/** The value of the first attribute with this name: '' for a property attribute, undefined when there is none. */
export function attribute(section: Section, name: string): string | undefined {
  for (const each of section.attributes) if (each.name === name) return each.value ?? '';
  return undefined;
}

/** The values of all attributes with this name, in their order. */
export function attributes(section: Section, name: string): readonly string[] {
  // Most names are of no line: then there is nothing to build.
  let values: string[] | undefined;
  for (const each of section.attributes) if (each.name === name) (values ??= []).push(each.value ?? '');
  return values ?? NONE;
}

export function hasAttribute(section: Section, name: string): boolean {
  for (const each of section.attributes) if (each.name === name) return true;
  return false;
}
