import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import type { RunSnapshot } from '@statewire/arena';

import { mediaQuery } from '../shell/media-query';
import { Icon } from '../ui/icon';
import { layoutMap, type MapNode } from './map-layout';
import { roomWords } from './run-words';

const STATES: Readonly<Record<MapNode['state'], string>> = {
  current: 'the party is here',
  visited: 'visited',
  choice: 'can be chosen now',
  ahead: 'not reached yet',
};

/** The rooms of a run and the paths between them. Rooms that the player may choose are buttons. */
@Component({
  selector: 'arena-room-map',
  imports: [Icon],
  templateUrl: './room-map.html',
  styleUrl: './room-map.css',
  host: { '[class.down]': 'isNarrow()' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class RoomMap {
  readonly run = input.required<RunSnapshot>();
  /** Whether the visitor may choose a room. */
  readonly canChoose = input(false);
  readonly chosen = output<string>();

  protected readonly isNarrow = mediaQuery('(max-width: 46rem)');
  private readonly layout = computed(() => layoutMap(this.run(), this.isNarrow() ? 'down' : 'right'));
  protected readonly edges = computed(() => this.layout().edges);
  protected readonly nodes = computed(() =>
    this.layout().nodes.map((node) => {
      const words = roomWords(node.room.kind);
      return {
        ...node,
        icon: words.icon,
        label: `${words.word}: ${node.room.name}, ${STATES[node.state]}`,
        align: node.left < 20 ? 'start' : node.left > 80 ? 'end' : '',
        isButton: node.state === 'choice' && this.canChoose(),
      };
    }),
  );
}
