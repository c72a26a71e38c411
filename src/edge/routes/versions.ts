// A script that is loaded again has to be read again, and so do the files that it is made of. Node remembers modules by
// their URL for ever, so each loading has a number in the query of the URL, which is passed on to what it imports.

import { registerHooks } from 'node:module';

const MARK = 'stoxgate-routes=';

let number = 0;
let hooked = false;

/** The URL of a file under a number that it was never loaded by. What was loaded before stays in memory. */
export function nextVersion(url: URL): URL {
  hook();
  number += 1;
  const versioned = new URL(url);
  versioned.search = `${MARK}${number}`;
  return versioned;
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const version = versionOf(context.parentURL);
      // Packages stay: they are no part of the script, and some hold what there must be only one of.
      if (version === undefined || !isOwnFile(resolved.url)) return resolved;
      return { ...resolved, url: `${resolved.url}?${version}` };
    },
  });
}

function versionOf(url: string | undefined): string | undefined {
  const at = url?.lastIndexOf(`?${MARK}`) ?? -1;
  return url === undefined || at < 0 ? undefined : url.slice(at + 1);
}

function isOwnFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('?') && !url.includes('/node_modules/');
}
