/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1). */
export function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
}
