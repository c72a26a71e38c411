// Where a store is, as configuration says it: `memory:`, `sqlite:PATH` or `postgres://…`.

import { fault, ok, type Result } from '../../base/index.ts';

export type StoreUrl =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

const EXPECTED = 'expected "memory:", "sqlite:" and a path, or "postgres://user@host/database"';

/** Never has a password in its error. */
export function parseStoreUrl(text: string): Result<StoreUrl> {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase();
  const rest = text.slice(scheme?.length ?? 0);
  switch (scheme) {
    case 'memory:':
      return rest === '' ? ok({ kind: 'memory' }) : fault('ERR_STORE_URL', '"memory:" has nothing behind it');
    case 'sqlite:':
      return rest === '' || rest.startsWith('//') || rest.includes('\0')
        ? fault(
            'ERR_STORE_URL',
            '"sqlite:" needs the path of a file behind it, such as sqlite:/var/lib/stoxgate/db',
          )
        : ok({ kind: 'sqlite', path: rest });
    case 'postgres:':
    case 'postgresql:':
      return URL.canParse(text) && rest.startsWith('//')
        ? ok({ kind: 'postgres', url: text })
        : fault('ERR_STORE_URL', `this is no URL of a PostgreSQL database: ${EXPECTED}`);
    case undefined:
      return fault('ERR_STORE_URL', `the store has no scheme: ${EXPECTED}`);
    default:
      return fault('ERR_STORE_URL', `there is no store of the kind "${scheme}": ${EXPECTED}`);
  }
}
