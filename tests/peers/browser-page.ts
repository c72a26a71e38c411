// A page of the tests in Chromium: what its script can do, called by DevTools.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { readObject, type JsonObject } from './json-object.ts';
import { mustBecome } from './wait.ts';

const PATIENCE_MS = 20_000;
/** Until a page has loaded, and for each look whether it has. */
const LOADING_MS = 60_000;
const LOOK_MS = 1_000;

/** `window[object]` of a page: its functions by name. */
export class BrowserPage {
  readonly #devTools: WebSocket;
  readonly #object: string;
  readonly #answers = new Map<number, (answer: JsonObject) => void>();
  #asked = 0;

  private constructor(devTools: WebSocket, object: string) {
    this.#devTools = devTools;
    this.#object = object;
    devTools.on('message', (data) => {
      const answer = data instanceof Buffer ? readObject(data.toString()) : undefined;
      const id = answer?.['id'];
      if (answer === undefined || typeof id !== 'number') return;
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
    });
  }

  static async attach(url: string, object: string): Promise<BrowserPage> {
    const devTools = new WebSocket(url);
    await once(devTools, 'open');
    const page = new BrowserPage(devTools, object);
    // The page has loaded when its module has run. Before that, what is asked may be lost with the empty page that was there first,
    // without an answer: a look that waited as long as the whole would be the only one.
    const loaded = (): Promise<boolean> =>
      page.#evaluate(`window.${object} !== undefined`, LOOK_MS).then(
        (value) => value === true,
        () => false,
      );
    await mustBecome(`the page with its ${object}`, loaded, LOADING_MS);
    return page;
  }

  /** Rejects with the words of the page when it fails, and when it does not answer in time. */
  call(name: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.#evaluate(
      `window.${this.#object}.${name}(${values.map((each) => JSON.stringify(each)).join(', ')})`,
    );
  }

  detach(): void {
    this.#devTools.terminate();
  }

  async #evaluate(expression: string, patienceMs = PATIENCE_MS): Promise<unknown> {
    const id = ++this.#asked;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answer = await new Promise<JsonObject>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(id);
        reject(new Error(`the page did not answer within ${patienceMs} ms: ${expression}`));
      }, patienceMs);
      this.#answers.set(id, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#devTools.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    });
    const result = fieldOf(answer, 'result');
    if (result === undefined || result['exceptionDetails'] !== undefined)
      throw new Error(`the page failed: ${expression}: ${JSON.stringify(answer)}`);
    return fieldOf(result, 'result')?.['value'];
  }
}

function fieldOf(object: JsonObject, name: string): JsonObject | undefined {
  return readObject(JSON.stringify(object[name] ?? null));
}
