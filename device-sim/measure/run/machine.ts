/** The machine that an experiment runs on, and what of ours runs there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { textAt } from '../json.ts';
import type { Machine } from '../results/results.ts';

const ROOT = join(import.meta.dirname, '../../..');

export function describeMachine(nowMs: number): Machine {
  const [cpu] = cpus();
  const version = textAt(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')), 'version');
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    os: `${type()} ${release()}`,
    node: process.version,
    bristlecone: version,
    commit: commitOfSource() ?? `v${version}`,
    startedAt: new Date(nowMs).toISOString(),
  };
}

/** With `-dirty` where files differ from it; undefined where this is no checkout. */
function commitOfSource(): string | undefined {
  if (!existsSync(join(ROOT, '.git'))) return undefined;
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}
