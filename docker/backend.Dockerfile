# The Arena game server. Build from the root of the repository: docker build -f docker/backend.Dockerfile .

FROM node:20.20.2-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/protocol/package.json libs/protocol/
COPY libs/testing/package.json libs/testing/
COPY libs/client/package.json libs/client/
COPY libs/angular/package.json libs/angular/
COPY libs/nest/package.json libs/nest/
COPY libs/broker-redis/package.json libs/broker-redis/
COPY libs/broker-postgres/package.json libs/broker-postgres/
COPY libs/testing-nest/package.json libs/testing-nest/
COPY libs/arena/package.json libs/arena/
COPY backend/package.json backend/
COPY frontend/package.json frontend/
COPY bench/package.json bench/
COPY examples/package.json examples/
COPY verification/package.json verification/

FROM manifests AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nx.json project.json tsconfig.base.json jest.preset.mjs ./
COPY libs libs
COPY backend backend
RUN NX_DAEMON=false npx nx run-many -t build -p backend

FROM manifests AS dependencies
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional --workspace=backend

FROM node:20.20.2-bookworm-slim AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/libs/protocol/package.json libs/protocol/package.json
COPY --from=build /app/libs/protocol/dist libs/protocol/dist
COPY --from=dependencies /app/libs/nest/node_modules libs/nest/node_modules
COPY --from=build /app/libs/nest/package.json libs/nest/package.json
COPY --from=build /app/libs/nest/dist libs/nest/dist
COPY --from=build /app/libs/broker-redis/package.json libs/broker-redis/package.json
COPY --from=build /app/libs/broker-redis/dist libs/broker-redis/dist
COPY --from=build /app/libs/broker-postgres/package.json libs/broker-postgres/package.json
COPY --from=build /app/libs/broker-postgres/dist libs/broker-postgres/dist
COPY --from=build /app/libs/arena/package.json libs/arena/package.json
COPY --from=build /app/libs/arena/dist libs/arena/dist
COPY --from=build /app/backend/package.json backend/package.json
COPY --from=build /app/backend/dist backend/dist
USER node
ENV PORT=59002 HOST=0.0.0.0
EXPOSE 59002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "backend/dist/main.js"]
