import { HoldfastError, SessionRequiredError } from './errors.js';
import { refusalOf, type Answer, type Server } from './server.js';
import type { Session, SessionFields } from './session.js';

type Field = keyof SessionFields extends never ? string : keyof SessionFields & string;
type Value<F extends Field> = F extends keyof SessionFields ? SessionFields[F] : any;

/** What the application keeps with a session: any JSON, by field, so that two requests that write different fields lose nothing. */
export class SessionData {
  private all: Promise<Record<string, any>> | undefined;

  constructor(private readonly server: Server, private readonly session: Session | null) {}

  /** The field's value; undefined if there is none. Read once a request. */
  async get<F extends Field>(field: F): Promise<Value<F> | undefined> {
    this.all ??= this.read();
    const fields = await this.all;
    return Object.hasOwn(fields, field) ? fields[field] : undefined;
  }

  /** Written when it returns. `undefined` and `null` are no values: use {@link delete}. */
  async set<F extends Field>(field: F, value: Value<F>): Promise<void> {
    if (value === undefined || value === null) throw new TypeError(`The value of ${field} is ${value}: delete the field instead.`);
    await this.patch(field, value);
  }

  async delete(field: Field): Promise<void> {
    await this.patch(field, null);
  }

  private async read(): Promise<Record<string, any>> {
    return fieldsOf(await this.server.call('GET', this.path()));
  }

  private async patch(field: string, value: unknown): Promise<void> {
    const answer = await this.server.call('PATCH', this.path(), {
      json: Object.fromEntries([[field, value]]),
      headers: { 'Content-Type': 'application/merge-patch+json' },
    });
    this.all = Promise.resolve(fieldsOf(answer));
  }

  private path(): string {
    if (this.session === null) throw new SessionRequiredError('session_missing', { detail: 'Only a session has data: nobody is signed in.' });
    return `v1/sessions/${this.session.sid}/data`;
  }
}

function fieldsOf(answer: Answer): Record<string, any> {
  if (answer.status === 200) return answer.body;
  // It was live when this request was checked.
  throw answer.status === 404 ? new HoldfastError('session_revoked') : refusalOf(answer);
}
