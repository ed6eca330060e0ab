using Holdfast;
using Holdfast.Sqlite;
using Holdfast.Testing;

// Writes to a store until somebody kills it, and says on standard output what was acknowledged, one line each, after it was.
// Arguments: the database, how many writers, and how many sessions each makes (0: no end).
var (path, writers, rounds) = (args[0], int.Parse(args[1]), int.Parse(args[2]));
await using var store = SqliteSessionStore.Open(path, TimeProvider.System);
var output = Console.OpenStandardOutput();
var turn = new Lock();

await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
{
    for (var round = 0; rounds == 0 || round < rounds; round++)
    {
        var reading = await store.ReadSubjectAsync(TestSessions.Tenant, $"user{writer}", CancellationToken.None);
        var session = TestSessions.Cookie(reading, $"user{writer}");
        await store.CreateAsync(TestSessions.New(session), CancellationToken.None);
        Acknowledge("created", session.Handle);
        await store.ReplaceAsync(session with { Version = 2 }, 1, CancellationToken.None);
        Acknowledge("replaced", session.Handle);
        if (round % 2 == 0)
        {
            await store.ReplaceAsync((session with { Version = 2 }).Ended(reading.Now, EndReason.SignedOut), 2, CancellationToken.None);
            Acknowledge("ended", session.Handle);
        }
    }
})));

void Acknowledge(string what, SessionHandle handle)
{
    lock (turn)
    {
        output.Write(System.Text.Encoding.ASCII.GetBytes($"{what} {handle}\n"));
        output.Flush();
    }
}
