import { Inject, Injectable, ValidationPipe, type ArgumentsHost, type NestInterceptor } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ApplicationConfig, ExternalContextCreator, ModulesContainer, type NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { InterceptorsConsumer } from '@nestjs/core/interceptors/interceptors-consumer.js';
import { InterceptorsContextCreator } from '@nestjs/core/interceptors/interceptors-context-creator.js';
import { PipesConsumer } from '@nestjs/core/pipes/pipes-consumer.js';
import { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';
import { RouteParamsFactory } from '@nestjs/core/router/route-params-factory.js';

import type { RealtimeLog } from '../core/realtime-log.js';
import type { RealtimeModuleOptions, ResolvedRealtimeOptions } from '../core/options.js';
import { GIVEN_OPTIONS, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { ownField, parametersOf, type HandlerMethod } from './handler-method.js';
import { PROBLEMS } from './handlers-error.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { NamedGuardsCreator } from './named-guards.js';
import { ResponseStub } from './response-stub.js';
import { isClassSerializer, isClassSerializerType, serializeOf, type Serialize } from './serializer.js';
import { needsOwnValidation } from './validation.js';

/** The value of `context.getType()` in guards, interceptors and filters. */
export const CONTEXT_TYPE = 'realtime';

/** Calls a handler through Nest's pipeline. */
export type Call = (request: RealtimeRequest) => Promise<unknown>;

/** Passes an error to the filters of a handler. Resolves with undefined if no filter handles it. */
export type Filter = (error: unknown, host: ArgumentsHost) => unknown;

type Enhancer = ResolvedRealtimeOptions['globalEnhancers'][number];

const routeParameters = new RouteParamsFactory();

/** Nest's own factory, for the two arguments of a realtime context instead of the three of Express. */
const parameters = {
  exchangeKeyForValue: (type: RouteParamtypes, data: unknown, [req, res]: [RealtimeRequest, object]): unknown => {
    const source = { req, res, next: Function.prototype };
    // Nest reads fields of prototypes too, such as the length of a text.
    const isField = typeof data === 'string' && (type === RouteParamtypes.BODY || type === RouteParamtypes.PARAM);
    if (!isField) return routeParameters.exchangeKeyForValue(type, data as string, source);
    return ownField(routeParameters.exchangeKeyForValue(type, '', source), data);
  },
};

/**
 * Builds Nest's pipeline around handlers. Has creators of its own, because those of Nest's container apply every global
 * enhancer of the application; the option `globalEnhancers` chooses among them.
 */
@Injectable()
export class PipelineFactory {
  private readonly plain = new ApplicationConfig();
  private validatingConfig: ApplicationConfig | undefined;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly application: ApplicationConfig,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(GIVEN_OPTIONS) private readonly given: RealtimeModuleOptions | undefined,
    @Inject(REALTIME_LOG) readonly log: RealtimeLog,
  ) {}

  /** Takes the current global enhancers of the application. @returns the problems of those that cannot apply. */
  adoptGlobals(): readonly string[] {
    const { application } = this;
    const scoped: Record<Enhancer, readonly unknown[]> = {
      guards: application.getGlobalRequestGuards(),
      pipes: application.getGlobalRequestPipes(),
      interceptors: application.getGlobalRequestInterceptors(),
      filters: application.getGlobalRequestFilters(),
    };
    this.addGlobals(this.plain);
    return this.options.globalEnhancers.filter((kind) => scoped[kind].length > 0).map(PROBLEMS.scopedGlobal);
  }

  /**
   * @returns the names of global interceptors and filters that no handler runs, by kind. If the application chose the
   * kinds itself, only request-scoped class serializers, because all other ones apply in any case.
   */
  globalsLeftOut(): readonly { readonly kind: Enhancer; readonly names: readonly string[] }[] {
    const { application } = this;
    const isChosen = this.given?.globalEnhancers !== undefined;
    const scoped = application.getGlobalRequestInterceptors();
    const interceptors = [
      ...application.getGlobalInterceptors().filter((interceptor) => !isClassSerializer(interceptor)),
      ...scoped,
    ];
    const filters = [...application.getGlobalFilters(), ...application.getGlobalRequestFilters()];
    const candidates: Partial<Record<Enhancer, readonly object[]>> = isChosen
      ? { interceptors: scoped.filter(({ metatype }) => isClassSerializerType(metatype)) }
      : { interceptors, filters };
    return (Object.entries(candidates) as [Enhancer, readonly object[]][])
      .filter(([kind, enhancers]) => !this.applies(kind) && enhancers.length > 0)
      .map(([kind, enhancers]) => ({ kind, names: enhancers.map(nameOf) }));
  }

  /** @returns the names of the interceptors around a topic handler whose result does not reach the topic. */
  ignoredInterceptors(handler: HandlerMethod): readonly string[] {
    return this.interceptorsOf(handler, this.plain)
      .filter((interceptor) => !isClassSerializer(interceptor))
      .map(nameOf);
  }

  /** Whether an enhancer or a pipe runs around the handler. */
  isPlain(handler: HandlerMethod): boolean {
    const { plain } = this;
    const globals = [plain.getGlobalGuards(), plain.getGlobalPipes(), plain.getGlobalInterceptors()];
    const kinds = [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA];
    return (
      globals.every((enhancers) => enhancers.length === 0) &&
      kinds.every((kind) => !isDeclared(kind, handler)) &&
      this.isPipeless(handler)
    );
  }

  /** Whether the arguments of the handler need no pipe. */
  isPipeless(handler: HandlerMethod): boolean {
    return (
      this.plain.getGlobalPipes().length === 0 &&
      !isDeclared(PIPES_METADATA, handler) &&
      !needsOwnValidation(handler, []) &&
      parametersOf(handler).every(({ source, pipes }) => source !== 'other' && pipes.length === 0)
    );
  }

  /** @param callback runs in place of the handler, with its arguments and its metadata. */
  create(
    handler: HandlerMethod,
    callback: HandlerMethod['method'],
    { enhancers }: { readonly enhancers: boolean },
  ): Call {
    const config = needsOwnValidation(handler, this.plain.getGlobalPipes()) ? this.validating : this.plain;
    const context = this.creator(config).create(
      handler.instance,
      withMetadataOf(handler.method, callback),
      handler.name,
      ROUTE_ARGS_METADATA,
      parameters,
      STATIC_CONTEXT,
      handler.providerId,
      { guards: enhancers, interceptors: enhancers, filters: false },
      CONTEXT_TYPE,
    );
    return (request) => context(request, new ResponseStub());
  }

  /**
   * Resolves with the class serializers that the pipeline of the handler leaves out: all of them for a topic, whose
   * value is not the result of the pipeline; global ones that `globalEnhancers` leaves out for an action, because what
   * a controller would hide must not reach a client.
   */
  serializer(handler: HandlerMethod, kind: 'topic' | 'action'): Promise<Serialize | undefined> {
    const global = this.application.getGlobalInterceptors();
    if (kind === 'action') return serializeOf(this.applies('interceptors') ? [] : global, handler);
    // The configuration of the application would add request-scoped interceptors, which have no dependencies at the
    // start.
    const config = new ApplicationConfig();
    config.useGlobalInterceptors(...global);
    return serializeOf(this.interceptorsOf(handler, config), handler);
  }

  private interceptorsOf(
    { instance, method, module, providerId }: HandlerMethod,
    config: ApplicationConfig,
  ): readonly NestInterceptor[] {
    const creator = new InterceptorsContextCreator(this.container, config);
    return creator.create(instance, method, module, STATIC_CONTEXT, providerId);
  }

  /** @returns undefined if the handler has no filters. */
  filter(handler: HandlerMethod): Filter | undefined {
    const { plain } = this;
    if (plain.getGlobalFilters().length === 0 && !isDeclared(EXCEPTION_FILTERS_METADATA, handler)) return undefined;
    const filters = new ExternalExceptionFilterContext(this.container, plain).create(
      handler.instance,
      handler.method as never,
      handler.module,
      STATIC_CONTEXT,
      handler.providerId,
    );
    return (error, host) => filters.invokeCustomFilters(error, host);
  }

  /** Made for the first handler with a DTO: Nest's `ValidationPipe` ends a process without class-validator. */
  private get validating(): ApplicationConfig {
    if (this.validatingConfig) return this.validatingConfig;
    const config = new ApplicationConfig();
    this.addGlobals(config);
    config.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
    return (this.validatingConfig = config);
  }

  private addGlobals(config: ApplicationConfig): void {
    const { application } = this;
    if (this.applies('guards')) config.useGlobalGuards(...application.getGlobalGuards());
    if (this.applies('pipes')) config.useGlobalPipes(...application.getGlobalPipes());
    if (this.applies('interceptors')) config.useGlobalInterceptors(...application.getGlobalInterceptors());
    if (this.applies('filters')) config.useGlobalFilters(...application.getGlobalFilters());
  }

  private applies(kind: Enhancer): boolean {
    return this.options.globalEnhancers.includes(kind);
  }

  private creator(config: ApplicationConfig): ExternalContextCreator {
    const { container } = this;
    return new ExternalContextCreator(
      new NamedGuardsCreator(container, config),
      new GuardsConsumer(),
      new InterceptorsContextCreator(container, config),
      new InterceptorsConsumer(),
      this.modules,
      new PipesContextCreator(container, config),
      new PipesConsumer(),
      new ExternalExceptionFilterContext(container, config),
    );
  }

  /** The only method of the container that context creators call. Nest does not inject the container. */
  private get container(): NestContainer {
    return { getModules: () => this.modules } as NestContainer;
  }
}

/** The name of the class of an enhancer, or of the wrapper that Nest keeps of a request-scoped one. */
function nameOf(enhancer: object): string {
  return 'metatype' in enhancer ? String((enhancer as { name?: unknown }).name) : enhancer.constructor.name;
}

function isDeclared(kind: string, { instance, method }: HandlerMethod): boolean {
  return Reflect.hasMetadata(kind, instance.constructor) || Reflect.hasMetadata(kind, method);
}

/** Enhancers read the metadata of decorators from the function that they get as the handler. */
function withMetadataOf(method: HandlerMethod['method'], callback: HandlerMethod['method']): HandlerMethod['method'] {
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), callback);
  }
  return Object.defineProperty(callback, 'name', { value: method.name });
}
