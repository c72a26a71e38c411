import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reasonPhrase } from '../../../src/sip/message/reason-phrases.ts';

/** RFC 3261 §21, and what later documents added. */
const REGISTERED = `
100 Trying|180 Ringing|181 Call Is Being Forwarded|182 Queued|183 Session Progress|200 OK
300 Multiple Choices|301 Moved Permanently|302 Moved Temporarily|305 Use Proxy|380 Alternative Service
400 Bad Request|401 Unauthorized|402 Payment Required|403 Forbidden|404 Not Found|405 Method Not Allowed
406 Not Acceptable|407 Proxy Authentication Required|408 Request Timeout|410 Gone|413 Request Entity Too Large
414 Request-URI Too Long|415 Unsupported Media Type|416 Unsupported URI Scheme|420 Bad Extension
421 Extension Required|423 Interval Too Brief|480 Temporarily Unavailable|481 Call/Transaction Does Not Exist
482 Loop Detected|483 Too Many Hops|484 Address Incomplete|485 Ambiguous|486 Busy Here|487 Request Terminated
488 Not Acceptable Here|491 Request Pending|493 Undecipherable|500 Server Internal Error|501 Not Implemented
502 Bad Gateway|503 Service Unavailable|504 Server Time-out|505 Version Not Supported|513 Message Too Large
600 Busy Everywhere|603 Decline|604 Does Not Exist Anywhere|606 Not Acceptable
202 Accepted|204 No Notification|489 Bad Event
412 Conditional Request Failed|422 Session Interval Too Small|428 Use Identity Header|433 Anonymity Disallowed
439 First Hop Lacks Outbound Support|440 Max-Breadth Exceeded|469 Bad Info Package|470 Consent Needed
494 Security Agreement Required|580 Precondition Failure`;

describe('reason phrases', () => {
  test('RFC 3261 §21 and the registry "Response Codes"', () => {
    for (const entry of REGISTERED.trim().split(/[|\n]/)) {
      assert.equal(`${entry.slice(0, 3)} ${reasonPhrase(Number(entry.slice(0, 3)))}`, entry);
    }
  });

  test('RFC 3261 §8.1.3.2: a status that nobody knows is as x00 of its class', () => {
    for (const [status, phrase] of [
      [299, 'OK'],
      [399, 'Multiple Choices'],
      [499, 'Bad Request'],
      [599, 'Server Internal Error'],
      [699, 'Busy Everywhere'],
      [799, ''],
    ] as const) {
      assert.equal(reasonPhrase(status), phrase);
    }
  });
});
