import { Injectable, type CanActivate } from '@nestjs/common';

/** Keeps all clients from a topic of the servers. */
@Injectable()
export class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
