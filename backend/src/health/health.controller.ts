import { Controller, Get, Header, Inject, ServiceUnavailableException } from '@nestjs/common';
import { DRAIN_STATE, type DrainState } from '@statewire/nest';

/** For whoever starts, stops and balances: live says "do not restart me", ready says "send me clients". */
@Controller('health')
export class HealthController {
  constructor(@Inject(DRAIN_STATE) private readonly drain: DrainState) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  ready(): { readonly status: 'ok' } {
    if (this.drain.draining) throw new ServiceUnavailableException('This server is going away.');
    return { status: 'ok' };
  }
}
