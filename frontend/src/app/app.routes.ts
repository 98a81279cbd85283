import type { Routes } from '@angular/router';

export const routes: Routes = [
  { path: '', title: 'Arena', loadComponent: () => import('./lobby/lobby-page').then((m) => m.LobbyPage) },
  {
    path: 'battles/:battleId',
    title: 'Battle · Arena',
    loadComponent: () => import('./battle/battle-page').then((m) => m.BattlePage),
  },
  { path: 'runs/:runId', title: 'Run · Arena', loadComponent: () => import('./run/run-page').then((m) => m.RunPage) },
  { path: '**', redirectTo: '' },
];
