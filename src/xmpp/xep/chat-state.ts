// Chat states. Source: XEP-0085 2.1.

import { XmlElement } from '../../xml/index.ts';
import { NS_CHAT_STATES } from './namespaces.ts';

export type ChatState = 'active' | 'composing' | 'gone' | 'inactive' | 'paused';

/** The chat state of a message; undefined: none. */
export function readChatState(message: XmlElement): ChatState | undefined {
  for (const child of message.children) {
    if (typeof child !== 'string' && child.ns === NS_CHAT_STATES && isChatState(child.name))
      return child.name;
  }
  return undefined;
}

const elements: Readonly<Record<ChatState, XmlElement>> = {
  active: new XmlElement('active', NS_CHAT_STATES),
  composing: new XmlElement('composing', NS_CHAT_STATES),
  gone: new XmlElement('gone', NS_CHAT_STATES),
  inactive: new XmlElement('inactive', NS_CHAT_STATES),
  paused: new XmlElement('paused', NS_CHAT_STATES),
};

/** A shared element: elements are immutable. */
export function chatStateElement(state: ChatState): XmlElement {
  return elements[state];
}

function isChatState(name: string): name is ChatState {
  return Object.hasOwn(elements, name);
}
