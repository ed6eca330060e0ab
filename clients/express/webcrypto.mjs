// What jose finds as a global from Node 20 on.
export { webcrypto as crypto } from 'node:crypto';
