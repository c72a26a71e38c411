// Can the route script be used? It is loaded as the gateway would load it, so what it does at its top level happens here too.

import { loadRoutes } from '../edge/routes/index.ts';
import type { Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';

export async function checkRoutes(config: Config): Promise<SurroundingFinding[]> {
  if (config.routes === undefined) return [];
  const loaded = await loadRoutes(config.routes.script);
  if (loaded.ok) return [];
  return loaded.error.map(({ file, line, message, suggestion }) => ({
    key: 'routes',
    message: `${line === undefined ? file : `${file}:${line}`}: ${message}`.replace(
      /[\u0000-\u001f\u007f]+/g,
      ' ',
    ),
    remedy:
      suggestion === undefined
        ? 'docs/routes.md has all hooks, with examples'
        : `did you mean ${suggestion}?`,
  }));
}
