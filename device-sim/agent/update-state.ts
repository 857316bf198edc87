/**
 * The update state machine as data: a review of the device's behaviour is a review of this table, and a transition to a
 * state that does not exist does not compile.
 *
 *             accepting-root
 *               ▲       │ and the next one
 *               │       ▼
 *     idle → fetching-root → fetching-envelope → authenticating → downloading → installing → rebooting → confirming
 *       │            └───── failure, or nothing more to do ──┴──────────┘             └─── failure ───┘       │
 *       │                                        │                                          ▼                 │
 *       ▲                                        │                                     rolling-back           │
 *       └─────────────────────────────────── reporting ◀──────────────────────────────────┴───────────────────┘
 */
// oxfmt-ignore
export const TRANSITIONS = {
  'idle':              { success: 'fetching-root',                               unchanged: 'idle' },
  'fetching-root':     { success: 'accepting-root',    failure: 'reporting',    unchanged: 'fetching-envelope' },
  'accepting-root':    { success: 'fetching-root',     failure: 'reporting' },
  'fetching-envelope': { success: 'authenticating',    failure: 'reporting',    unchanged: 'reporting' },
  'authenticating':    { success: 'downloading',       failure: 'reporting' },
  'downloading':       { success: 'installing',        failure: 'reporting',    unchanged: 'reporting' },
  'installing':        { success: 'rebooting',         failure: 'reporting' },
  'rebooting':         { success: 'confirming',        failure: 'rolling-back' },
  'confirming':        { success: 'reporting',         failure: 'rolling-back' },
  'rolling-back':      { success: 'reporting',         failure: 'reporting' },
  'reporting':         { success: 'idle',              failure: 'idle' },
} as const;

export type UpdateState = keyof typeof TRANSITIONS;

/** How a state may end. `unchanged`: there is no job, no newer root, no envelope, or the image is installed already. */
export type ResultOf<S extends UpdateState> = keyof (typeof TRANSITIONS)[S];
export type Result = ResultOf<'fetching-root'>;

/** @throws {TypeError} for a result that the state cannot have: handlers are typed so that they do not */
export function nextState(state: UpdateState, result: Result): UpdateState {
  const row: Readonly<Partial<Record<Result, UpdateState>>> = TRANSITIONS[state];
  const next = row[result];
  if (!next) throw new TypeError(`${state} cannot end ${result}`);
  return next;
}

export const isUpdateState = (text: string): text is UpdateState => Object.hasOwn(TRANSITIONS, text);
