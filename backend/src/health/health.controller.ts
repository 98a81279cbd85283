import { Controller, Get, Header, ServiceUnavailableException } from '@nestjs/common';
import { RealtimeHealthIndicator } from '@statewire/nest';

const REASONS = {
  draining: 'This server is going away.',
  broker: 'The broker does not answer.',
};

/** For whoever starts, stops and balances: live says "do not restart me", ready says "send me clients". */
@Controller('health')
export class HealthController {
  constructor(private readonly realtime: RealtimeHealthIndicator) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(): Promise<{ readonly status: 'ok' }> {
    const health = await this.realtime.check();
    if (health.status === 'down') throw new ServiceUnavailableException(REASONS[health.reason]);
    return { status: 'ok' };
  }
}
