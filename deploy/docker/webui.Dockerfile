# The built web interface behind nginx with TLS, which also forwards /api to the backend.
FROM node:20-slim AS build
WORKDIR /app/webui
COPY webui/package.json webui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY webui ./
RUN npm run build

FROM nginx:1.28-alpine
RUN apk add --no-cache openssl
COPY --chmod=0755 deploy/nginx/certificate /docker-entrypoint.d/40-certificate.sh
COPY deploy/nginx/brodmann.conf /etc/nginx/conf.d/default.conf
COPY --from=build /app/webui/dist /usr/share/nginx/html
