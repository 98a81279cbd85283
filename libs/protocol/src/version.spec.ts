import { describe, expect, test } from '@jest/globals';

import { ProtocolError } from './protocol-error.js';
import { checkVersion } from './version.js';

describe('the version a request asks for', () => {
  test.each([undefined, '1', ' 1 '])('may be %j', (header) => {
    expect(() => checkVersion(header)).not.toThrow();
  });

  test.each(['', '2', '1.0', '01', '1, 2', 'v1'])(
    'is refused when it is %j, and the answer names what is spoken',
    (header) => {
      expect(() => checkVersion(header)).toThrow(ProtocolError);
      expect(() => checkVersion(header)).toThrow('speaks version 1');
    },
  );
});
