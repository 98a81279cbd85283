interface ErrorCodeRow {
  /** Whether the same request can succeed later. */
  readonly temporary: boolean;
  /** The status of this error in the HTTP binding. */
  readonly status: number;
}

/** The error codes and their HTTP statuses. A test compares them with the table in PROTOCOL.md. */
export const ERROR_CODES = {
  bad_request: { temporary: false, status: 400 },
  validation_failed: { temporary: false, status: 400 },
  unknown_topic: { temporary: false, status: 404 },
  unknown_action: { temporary: false, status: 404 },
  unauthorized: { temporary: false, status: 401 },
  forbidden: { temporary: false, status: 403 },
  not_subscribed: { temporary: false, status: 400 },
  conflict: { temporary: false, status: 409 },
  too_large: { temporary: false, status: 413 },
  too_many_requests: { temporary: true, status: 429 },
  too_many_subscriptions: { temporary: false, status: 400 },
  timeout: { temporary: true, status: 503 },
  action_failed: { temporary: false, status: 400 },
  outcome_unknown: { temporary: false, status: 409 },
  unavailable: { temporary: true, status: 503 },
  internal: { temporary: true, status: 500 },
} as const satisfies Record<string, ErrorCodeRow>;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The reason for the end of a subscription. */
export type UnsubscribedCode = 'requested' | 'forbidden' | 'unauthorized' | 'closed';

/**
 * One sentence for each error code, as in PROTOCOL.md. Apart from {@link ERROR_CODES}, so that clients can leave them
 * out.
 */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'the frame or request is malformed or came at the wrong time',
  validation_failed: 'the data is invalid; `details` names the fields',
  unknown_topic: 'the topic does not exist or is not visible to the client',
  unknown_action: 'the action does not exist',
  unauthorized: 'credentials are missing, invalid or expired',
  forbidden: 'a guard denied access',
  not_subscribed: 'the topic is not subscribed on this connection',
  conflict: 'the action id was already used with another name or data; or the topic has another publisher',
  too_large: 'a frame, body or value is above its limit',
  too_many_requests: 'a rate limit was exceeded; wait `retryAfter`',
  too_many_subscriptions: 'the connection has the maximum number of subscriptions',
  timeout: 'the handler did not answer in time',
  action_failed: 'the application rejected the action; `message` has the reason',
  outcome_unknown: 'the action may or may not have run; it never runs again',
  unavailable: 'switched off, draining or overloaded; wait `retryAfter`',
  internal: 'the server failed; the message has no details',
};
