import { describe, expect, it } from 'vitest';
import { numberedThings, thingsInText } from '../../../cloud/campaigns/thing-names.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';

describe('numbered things', () => {
  it('have five digits, in order', () => {
    const things = numberedThings({ prefix: 'fleet-', count: 10_000 });
    expect(things).toHaveLength(10_000);
    expect([things[0], things[9], things.at(-1)]).toEqual(['fleet-00001', 'fleet-00010', 'fleet-10000']);
    expect([...things].sort()).toEqual(things);
  });

  it('begin where they are told, and have more digits where they need them', () => {
    expect(numberedThings({ prefix: 'a', count: 2, first: 99_999 })).toEqual(['a99999', 'a100000']);
  });
});

describe('things in a file', () => {
  it('are one a line, whatever the end of the line', () => {
    expect(thingsInText('# hubs\nhub-1\r\n\n  hub-2  \n')).toEqual(['hub-1', 'hub-2']);
  });

  it('are at least one', () => {
    expectOperatorError(() => thingsInText('# none\n\n'), 'no-things', 'one name a line');
  });
});
