// Does every component link come up, and does the server return its barrier? XEP-0114 and docs/architecture.md,
// "Acknowledgement".

import { Counters, silentLog, type Log } from '../base/index.ts';
import { ComponentLink, type ComponentLinkLimits } from '../edge/xmpp/index.ts';
import { System, type Config, type ConfiguredComponent } from '../gateway/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { errorReply, mayAnswerWithError, prepareDomain, stanzaError } from '../xmpp/index.ts';
import type { SurroundingFinding } from './check.ts';

/** For the whole of one link, whose steps have limits of their own. */
const MAX_LINK_MS = 30_000;

export async function checkLinks(
  config: Config,
  limits: Partial<ComponentLinkLimits> = {},
): Promise<SurroundingFinding[]> {
  const system = new System(silentLog);
  try {
    const findings = await Promise.all(
      config.xmpp.components.map((component, index) => checkLink(component, index, system, limits)),
    );
    return findings.flat();
  } finally {
    system.stop();
  }
}

async function checkLink(
  component: ConfiguredComponent,
  index: number,
  system: System,
  limits: Partial<ComponentLinkLimits>,
): Promise<SurroundingFinding[]> {
  const domain = prepareDomain(component.domain);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const remedy = new RemedyLog();
  const link = new ComponentLink(
    { ...component, domain: domain.ok ? domain.value : component.domain, limits },
    {
      clock: system.clock,
      timers: system.timers,
      random: system.random,
      log: remedy,
      counters: new Counters(),
    },
    {
      stanza: answerNotHere,
      up: () => {},
      down: () => {},
      confirmed: () => {},
      proved: () => resolve(undefined),
      ended: (_link, reason) => resolve(reason),
    },
  );
  const timer = system.timers.set(MAX_LINK_MS, () =>
    resolve(`still ${link.state} after ${MAX_LINK_MS / 1000} s`),
  );
  link.start();
  const reason = await promise;
  system.timers.clear(timer);
  await link.stop();
  if (reason === undefined) return [];
  return [
    {
      key: `xmpp.components[${index}]`,
      message: `the link of ${component.domain} to ${component.host} port ${component.port} failed: ${reason}`,
      remedy: remedy.text ?? 'see the log of the XMPP server',
    },
  ];
}

/** A server with several links of one domain may give us what was meant for the running gateway. */
function answerNotHere(stanza: XmlElement, link: ComponentLink): void {
  if (!mayAnswerWithError(stanza)) return;
  link.send(errorReply(stanza, stanzaError('recipient-unavailable')));
}

/** Takes the remedy out of what the link says of its failure. */
class RemedyLog implements Log {
  text: string | undefined;

  debug(): void {}

  info(): void {}

  warn(event: string, fields?: Readonly<Record<string, unknown>>): void {
    this.error(event, fields);
  }

  error(_event: string, fields?: Readonly<Record<string, unknown>>): void {
    if (typeof fields?.['remedy'] === 'string') this.text ??= fields['remedy'];
  }

  enabled(): boolean {
    return true;
  }
}
