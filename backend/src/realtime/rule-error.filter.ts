import { Catch, type ExceptionFilter } from '@nestjs/common';

import { RuleError } from '../run/rule-error.js';

/** Answers a `RuleError` with its message. */
@Catch(RuleError)
export class RuleErrorFilter implements ExceptionFilter<RuleError> {
  catch({ message }: RuleError): { code: 'action_failed'; message: string } {
    return { code: 'action_failed', message };
  }
}
