# The Arena client behind nginx, which proxies /ws, /realtime and /api to the game server.
# Build from the root of the repository: docker build -f docker/frontend.Dockerfile .

FROM node:20.20.2-bookworm-slim AS build
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
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nx.json project.json tsconfig.base.json jest.preset.mjs ./
COPY libs libs
COPY frontend frontend
RUN NX_DAEMON=false npx nx run-many -t build -p frontend

FROM nginxinc/nginx-unprivileged:1.28-bookworm AS runtime
COPY docker/nginx/default.conf.template /etc/nginx/templates/default.conf.template
COPY --from=build /app/frontend/dist/browser /usr/share/nginx/html
ENV PORT=8080 BACKEND=backend:59002 RESOLVER=127.0.0.11 WEBSOCKET_ENABLED=true PROXY_TIMEOUT=120s CLIENT_ROOT=/usr/share/nginx/html
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["sh", "-c", "curl -fsS http://127.0.0.1:$PORT/healthz"]
