interface ErrorCodeRow {
  /** Whether the same request can succeed later. */
  readonly temporary: boolean;
  /** The status of this error in the HTTP binding. */
  readonly status: number;
  /** One sentence, as in PROTOCOL.md. */
  readonly meaning: string;
}

/** The error codes and their HTTP statuses. A test compares them with the table in PROTOCOL.md. */
export const ERROR_CODES = {
  bad_request: {
    temporary: false,
    status: 400,
    meaning: 'the frame or request is malformed or came at the wrong time',
  },
  validation_failed: { temporary: false, status: 400, meaning: 'the data is invalid; `details` names the fields' },
  unknown_topic: { temporary: false, status: 404, meaning: 'the topic does not exist or is not visible to the client' },
  unknown_action: { temporary: false, status: 404, meaning: 'the action does not exist' },
  unauthorized: { temporary: false, status: 401, meaning: 'credentials are missing, invalid or expired' },
  forbidden: { temporary: false, status: 403, meaning: 'a guard denied access' },
  not_subscribed: { temporary: false, status: 400, meaning: 'the topic is not subscribed on this connection' },
  conflict: { temporary: false, status: 409, meaning: 'the action id was already used with another name or data' },
  too_large: { temporary: false, status: 413, meaning: 'a frame, body or value is above its limit' },
  too_many_requests: { temporary: true, status: 429, meaning: 'a rate limit was exceeded; wait `retryAfter`' },
  too_many_subscriptions: {
    temporary: false,
    status: 400,
    meaning: 'the connection has the maximum number of subscriptions',
  },
  timeout: { temporary: true, status: 503, meaning: 'the handler did not answer in time' },
  action_failed: {
    temporary: false,
    status: 400,
    meaning: 'the application rejected the action; `message` has the reason',
  },
  outcome_unknown: {
    temporary: false,
    status: 409,
    meaning: 'the action may or may not have run; it never runs again',
  },
  unavailable: { temporary: true, status: 503, meaning: 'switched off, draining or overloaded; wait `retryAfter`' },
  internal: { temporary: true, status: 500, meaning: 'the server failed; the message has no details' },
} as const satisfies Record<string, ErrorCodeRow>;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The reason for the end of a subscription. */
export type UnsubscribedCode = 'requested' | 'forbidden' | 'unauthorized' | 'closed';
