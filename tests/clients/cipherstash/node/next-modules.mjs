// Stand-ins for the two modules of Next that the middleware imports.

const sources = {
  'next/server': `
    export class NextResponse {
      constructor() {
        const all = new Map();
        this.cookies = {
          all,
          set: (cookie) => all.set(cookie.name, cookie),
          delete: (name) => all.delete(name),
        };
      }
      static next() { return new NextResponse(); }
    }`,
  'next/headers': 'export const cookies = async () => globalThis.standInCookies;',
};

export async function resolve(specifier, context, next) {
  if (Object.hasOwn(sources, specifier)) {
    return { url: `stand-in:${specifier}`, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (url.startsWith('stand-in:')) {
    const source = sources[url.slice('stand-in:'.length)];
    return { format: 'module', source, shortCircuit: true };
  }
  return next(url, context);
}
