// What the keys of `presence` need of each other, and which model is for whose users.

import type { KeyPath, Remark } from './finding.ts';
import type { Config, ConfiguredPresence } from './schema.ts';

export function remarksOnPresence(config: Config): Remark[] {
  const remarks = keyRemarks(config.presence, ['presence']);
  for (const [index, { home, presence }] of config.domains.entries()) {
    if (presence === undefined) continue;
    const path: KeyPath = ['domains', index, 'presence'];
    remarks.push(...keyRemarks(presence, path));
    if (presence.model === 'published' && home === 'xmpp') {
      remarks.push({
        path: [...path, 'model'],
        message: 'published is for SIP users, who publish to the gateway; these users live on the XMPP side',
      });
    }
  }
  return remarks;
}

function keyRemarks(presence: ConfiguredPresence, path: KeyPath): Remark[] {
  const { model, server, xcap } = presence;
  if (model !== 'presence-server') {
    return (['server', 'xcap', 'lists'] as const)
      .filter((key) => presence[key] !== undefined)
      .map((key) => ({
        path: [...path, key],
        atKey: true,
        message: 'has a meaning only with the model presence-server',
      }));
  }
  const remarks: Remark[] = [];
  if (server === undefined) {
    remarks.push({ path: [...path, 'model'], message: 'presence-server needs "server", its SIP URI' });
  }
  if (xcap !== undefined && (xcap.user === undefined) !== (xcap.password === undefined)) {
    remarks.push({ path: [...path, 'xcap'], message: 'user and password come together' });
  }
  if (xcap?.ca !== undefined && !xcap.root.startsWith('https:')) {
    remarks.push({ path: [...path, 'xcap', 'ca'], atKey: true, message: 'has a meaning only with https' });
  }
  return remarks;
}
