/**
 * A device as a process of its own, to be killed: `node device-process.ts STATE_FOLDER MQTT_URL BLOCK_BYTES`. It prints
 * one line for each event of its agent, and at its end one with the outcome.
 */
import { runDevice } from '../../device-sim/device.ts';

const [stateFolder = '', mqttUrl = '', blockBytes = ''] = process.argv.slice(2);
const { costs, ...outcome } = await runDevice({
  stateFolder,
  mqttUrl,
  blockBytes: Number(blockBytes),
  timeoutMs: 5_000,
  onEvent: (event) => console.log(JSON.stringify(event)),
});
console.log(JSON.stringify({ kind: 'outcome', ...outcome, rows: costs.length }));
