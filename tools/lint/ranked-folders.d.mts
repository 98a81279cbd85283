import type { Rule } from 'eslint';

export declare const rankedFolders: Rule.RuleModule;
