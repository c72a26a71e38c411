export {
  startConsole,
  type Console,
  type ConsoleOptions,
  type ConsoleSource,
  type ConsoleStatus,
} from './console.ts';
