// Links between the pages of the project lead somewhere.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readText } from './sources.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function pages(): string[] {
  const below = ['docs', 'src', 'tests', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  );
  return [...readdirSync(root), ...below]
    .filter((file) => file.endsWith('.md') && !file.includes('/.build/'))
    .toSorted();
}

/** Targets of links and images that are not on the web. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((to) => !/^[a-z]+:/.test(to));
}

/** The anchors of a page, as GitHub and GitLab make them from headings. */
function anchorsOf(text: string): Set<string> {
  const headings = text.matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      (heading ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function brokenLinks(page: string): string[] {
  return linksOf(readText(page)).filter((link) => {
    const [path = '', anchor] = link.split('#', 2);
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(readText(target)).has(anchor);
  });
}

describe('links lead somewhere', () => {
  for (const page of pages()) test(page, () => assert.deepEqual(brokenLinks(page), []));
});

describe('the test can fail', () => {
  test('links are found, the web is left alone', () => {
    assert.deepEqual(linksOf('[a](b.md#c) ![d](e.png) [f](https://g/)'), ['b.md#c', 'e.png']);
  });
  test('anchors', () => {
    assert.deepEqual(
      [...anchorsOf('# The way of one message, SIP to XMPP\n## A `b`\n')],
      ['the-way-of-one-message-sip-to-xmpp', 'a-b'],
    );
  });
});
