import { Catch, type ExceptionFilter } from '@nestjs/common';

import { RuleError } from '../run/rule-error.js';

/** What the rules refuse is answered with the reason. */
@Catch(RuleError)
export class RuleErrorFilter implements ExceptionFilter<RuleError> {
  catch({ message }: RuleError): { code: 'action_failed'; message: string } {
    return { code: 'action_failed', message };
  }
}
