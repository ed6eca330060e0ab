using System.Globalization;
using Holdfast.Limits;
using StackExchange.Redis;

namespace Holdfast.Redis;

public sealed partial class RedisSessionStore : ISharedBudgets
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<double>> SpendAsync(IReadOnlyList<Spending> spent, RequestBudget budget, CancellationToken cancellationToken)
    {
        var left = new double[spent.Count];
        await Task.WhenAll(Enumerable.Range(0, spent.Count).GroupBy(index => spent[index].Handle.Partition).Where(group => group.Key < PartitionCount).Select(async group =>
        {
            RedisValue[] values =
            [
                budget.Capacity, budget.PerSecond,
                .. group.SelectMany(index => (RedisValue[])[spent[index].Handle.ToString(), spent[index].Requests]),
            ];
            var reply = (RedisValue[])(await RunAsync(RedisScripts.Spend, group.Key, values, cancellationToken))!;
            foreach (var (index, tokens) in group.Zip(reply))
            {
                left[index] = double.Parse((string)tokens!, CultureInfo.InvariantCulture);
            }
        }));
        return left;
    }
}
