import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { RealtimeTestingController } from '@statewire/angular/testing';
import { chooseRoom, setBattleSpeed } from '@statewire/arena';

import { provideArenaTesting } from '../../testing/render';
import { Toasts } from '../shell/toasts';
import { Commands } from './commands';

describe('Commands', () => {
  let commands: Commands;
  let server: RealtimeTestingController;

  beforeEach(() => {
    provideArenaTesting();
    commands = TestBed.inject(Commands);
    server = TestBed.inject(RealtimeTestingController);
  });

  test('sends the data of the contract and resolves with the result', async () => {
    const answer = commands.chooseRoom('r1', 'b');
    const sent = server.expectAction(chooseRoom);
    expect(sent.data).toEqual({ runId: 'r1', roomId: 'b' });
    sent.respond({ runId: 'r1', phase: 'in-battle', battleId: 'b1' });
    expect(await answer).toMatchObject({ battleId: 'b1' });
  });

  test('shows the player the message of the server about a rejected action', async () => {
    const answer = commands.setSpeed('b1', 4);
    server.expectAction(setBattleSpeed).reject('forbidden', 'Only the player of the run may do this.');
    await answer;
    expect(TestBed.inject(Toasts).shown()).toMatchObject([
      { tone: 'problem', title: 'The speed was not changed', text: 'Only the player of the run may do this.' },
    ]);
  });
});
