/** Where tests find the cloud of the fault sweep, which is theirs too. */
export { FakeCloud, type FakeRoot, type Tamper } from '../../device-sim/faults/fake-cloud.ts';
