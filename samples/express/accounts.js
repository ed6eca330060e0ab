// The accounts of the demonstration: Ada, Grace, and each of their sub-addresses (ada+phone@example.org). A real application asks its own,
// with hashed passwords.
export function accountOf(email) {
  const [, id, who] = /^((ada|grace)(?:\+[a-z0-9]{1,32})?)@example\.org$/.exec(email ?? '') ?? [];
  return id && { id, name: who === 'ada' ? 'Ada' : 'Grace', accepts: password => password === 'Correct-horse-1' };
}
