/** An answer other than success. How its body looks is each service's own business (see `envelopes.ts`). */
export class ApiError extends Error {
  readonly status: number;
  /** The service's own word, such as `PortNotFound`; shown by Neutron only. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, code = '', headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const badRequest = (message: string, code = 'BadRequest'): ApiError =>
  new ApiError(400, message, code);
export const unauthorized = (): ApiError =>
  new ApiError(401, 'The request you have made requires authentication.', 'Unauthorized');
export const forbidden = (message: string, code = 'Forbidden'): ApiError => new ApiError(403, message, code);
export const notFound = (message: string, code = 'NotFound'): ApiError => new ApiError(404, message, code);
export const conflict = (message: string, code = 'Conflict'): ApiError => new ApiError(409, message, code);

/** Nova's and Cinder's policy refusal. */
export const policyRefused = (rule: string): ApiError =>
  forbidden(`Policy doesn't allow ${rule} to be performed.`, 'PolicyNotAuthorized');
