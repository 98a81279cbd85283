import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const TYPE_A = 1;
const HEADER_BYTES = 12;
/** Flags of an answer: response, authoritative, recursion desired and available. */
const FLAGS = 0x85_80;

/** A name server on the loopback interface that knows the addresses of one service, as the one of Docker does. */
export class NameServer {
  /** The addresses that every name has. */
  addresses: readonly string[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('message', (query, { address, port }) => socket.send(this.answer(query), port, address));
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  /** `127.0.0.1:port` */
  get place(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop(): void {
    this.socket.close();
  }

  /** The first question of the query with an A record for each address. Other types have no records. */
  private answer(query: Buffer): Buffer {
    const nameEnd = query.indexOf(0, HEADER_BYTES);
    const question = query.subarray(HEADER_BYTES, nameEnd + 5);
    // The name server of Docker changes the order from answer to answer too.
    this.addresses = [...this.addresses.slice(1), ...this.addresses.slice(0, 1)];
    const records = question.readUInt16BE(question.length - 4) === TYPE_A ? this.addresses.map(recordOf) : [];
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(FLAGS, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question, ...records]);
  }
}

/** An A record for the name of the question, with a lifetime of one second. */
function recordOf(address: string): Buffer {
  const nameTypeClassLifetimeLength = [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4];
  return Buffer.from([...nameTypeClassLifetimeLength, ...address.split('.').map(Number)]);
}
