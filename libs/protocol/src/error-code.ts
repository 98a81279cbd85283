interface ErrorCodeRow {
  /** Whether asking the same thing again later can succeed. */
  readonly temporary: boolean;
  /** Status of the HTTP binding for the same error. */
  readonly status: number;
  readonly meaning: string;
}

/** The one table of error codes: the enum, the HTTP statuses and the table of PROTOCOL.md come from it. */
export const ERROR_CODES = {
  bad_request: {
    temporary: false,
    status: 400,
    meaning: 'the frame or request is malformed or came at the wrong time',
  },
  validation_failed: { temporary: false, status: 400, meaning: 'the data was refused; `details` names the fields' },
  unknown_topic: { temporary: false, status: 404, meaning: 'no such topic, or not for you' },
  unknown_action: { temporary: false, status: 404, meaning: 'no such action' },
  unauthorized: { temporary: false, status: 401, meaning: 'credentials are missing, invalid or expired' },
  forbidden: { temporary: false, status: 403, meaning: 'a guard refused' },
  not_subscribed: { temporary: false, status: 400, meaning: 'the topic is not subscribed on this connection' },
  conflict: { temporary: false, status: 409, meaning: 'the same action id was used with another name or other data' },
  too_large: { temporary: false, status: 413, meaning: 'a frame, body or value is above its limit' },
  too_many_requests: { temporary: true, status: 429, meaning: 'a rate limit was passed; wait `retryAfter`' },
  too_many_subscriptions: { temporary: false, status: 400, meaning: 'the connection follows as many topics as it may' },
  timeout: { temporary: true, status: 503, meaning: 'the handler did not answer in time' },
  action_failed: { temporary: false, status: 400, meaning: 'the application refused the action; `message` says why' },
  outcome_unknown: {
    temporary: false,
    status: 409,
    meaning: 'the action may or may not have run; it is never run again',
  },
  unavailable: { temporary: true, status: 503, meaning: 'switched off, draining or overloaded; wait `retryAfter`' },
  internal: { temporary: true, status: 500, meaning: 'something failed on the server; the message tells nothing' },
} as const satisfies Record<string, ErrorCodeRow>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Why a subscription ended. */
export type UnsubscribedCode = 'requested' | 'forbidden' | 'unauthorized' | 'closed';
