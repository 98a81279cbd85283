import type { CallerContext, RealtimeRequest } from '../core/realtime-request.js';

/** What guards and handlers see of a caller and what it asks for. A fresh one each time, because guards may write to it. */
export function requestOf(
  { headers, cookies, ip, admission, connectionId, identity }: CallerContext,
  asked: Partial<Pick<RealtimeRequest, 'topic' | 'params' | 'action' | 'data'>>,
): RealtimeRequest {
  const { data, params = {}, ...name } = asked;
  return {
    headers,
    cookies,
    ip,
    admission,
    user: identity?.user,
    params,
    data,
    body: data,
    ...name,
    ...(connectionId === undefined ? {} : { connectionId }),
  };
}
