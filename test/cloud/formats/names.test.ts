import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import { encodeDer } from '../../../cloud/formats/der.ts';
import { nameText, parseName } from '../../../cloud/formats/names.ts';
import { toHex } from '../../../protocol/bytes.ts';

describe('parseName', () => {
  it('keeps the order in which it is written', () => {
    const hex = toHex(encodeDer(parseName('C=DE, CN=A')));
    expect(hex).toBe('3019310b3009060355040613024445310a30080603550403130141');
  });

  it.each(['CN=Release CA', 'CN=Release CA,O=Example,C=DE', 'CN=Größe, O=Example', 'CN=Foo\\, Inc.', 'CN=a+OU=b, O=c'])(
    'reads %s as it is written',
    (text) => {
      expect(nameText(parseName(text)).replace(/,\s+/g, ',')).toBe(text.replace(/,\s+/g, ','));
    },
  );

  it.each(['', 'Release CA', 'CN=', 'CN=a, nonsense', 'XX=a', 'CN=a,,O=b', '=a', 'CN=a\n'])('refuses %j', (text) => {
    expect(() => parseName(text)).toThrow(OperatorError);
    expect(() => parseName(text)).toThrow(/^expected a name such as "CN=Release CA/);
  });
});
