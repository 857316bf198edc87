import { describe, expect, it } from 'vitest';
import { describeSource, parseSource, type ProfileSource } from '../../../cloud/profiles/source.ts';

describe('parseSource', () => {
  it.each<[text: string, source: ProfileSource]>([
    ['profile.json', { kind: 'file', path: 'profile.json' }],
    ['./ssm', { kind: 'file', path: './ssm' }],
    ['C:\\profiles\\a.json', { kind: 'file', path: 'C:\\profiles\\a.json' }],
    ['ssm:/bristlecone/signing', { kind: 'ssm', name: '/bristlecone/signing' }],
    ['ssm:signing:3', { kind: 'ssm', name: 'signing:3' }],
    [
      'ssm:arn:aws:ssm:us-east-1:000000000000:parameter/a',
      { kind: 'ssm', name: 'arn:aws:ssm:us-east-1:000000000000:parameter/a' },
    ],
    ['secretsmanager:signing', { kind: 'secretsmanager', name: 'signing' }],
  ])('takes %s', (text, source) => {
    expect(parseSource(text)).toEqual(source);
    expect(describeSource(source)).toBe(text);
  });

  it.each(['', 'ssm:', 'secretsmanager:'])('refuses %j', (text) => {
    expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: 'profile-source' }));
  });
});
