/** What this machine has that some cases need. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Surroundings } from '../experiment/impossible.ts';

export const findSurroundings = (): Surroundings => ({
  // It has no --version; its help ends with 3.
  mosquitto: spawnSync('mosquitto', ['-h'], { stdio: 'ignore' }).error === undefined,
  awsSdk: canResolve('aws-iot-device-sdk-v2'),
});

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
