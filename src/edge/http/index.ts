export {
  startConsole,
  type Console,
  type ConsoleOptions,
  type ConsoleSource,
  type ConsoleStatus,
} from './console.ts';
export { HttpClient, type HttpClientOptions, type HttpRequest, type HttpResponse } from './http-client.ts';
