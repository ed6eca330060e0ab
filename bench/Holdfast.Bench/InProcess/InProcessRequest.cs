using System.Collections;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Bench.InProcess;

/// <summary>
/// A request, its answer and its features in one object that is used again and again, as Kestrel's is. What Kestrel allocates for each
/// request when it is asked (the trace identifier) is allocated here, too; what it keeps on the connection is kept.
/// </summary>
internal class InProcessRequest : IFeatureCollection, IHttpRequestFeature, IHttpResponseFeature, IHttpResponseBodyFeature, IHttpConnectionFeature,
    IHttpRequestIdentifierFeature, IHttpRequestLifetimeFeature, IHttpUpgradeFeature
{
    private static readonly Type[] Own =
    [
        typeof(IHttpRequestFeature), typeof(IHttpResponseFeature), typeof(IHttpResponseBodyFeature), typeof(IHttpConnectionFeature),
        typeof(IHttpRequestIdentifierFeature), typeof(IHttpRequestLifetimeFeature), typeof(IHttpUpgradeFeature),
    ];

    private readonly List<KeyValuePair<Type, object>> _features = [];
    private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = [];
    private readonly Stack<(Func<object, Task> Callback, object State)> _onCompleted = [];
    private readonly BufferWriter _body = new();
    private readonly CancellationTokenSource _aborted = new();
    private long _number;
    private string? _traceIdentifier;

    public InProcessRequest() => Features();

    public string Protocol { get; set; } = "HTTP/1.1";

    public string Scheme { get; set; } = "http";

    public string Method { get; set; } = "GET";

    public string PathBase { get; set; } = "";

    public string Path { get; set; } = "/";

    public string QueryString { get; set; } = "";

    public string RawTarget { get; set; } = "/";

    IHeaderDictionary IHttpRequestFeature.Headers { get; set; } = new HeaderDictionary();

    Stream IHttpRequestFeature.Body { get; set; } = Stream.Null;

    public int StatusCode { get; set; }

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary ResponseHeaders { get; } = new HeaderDictionary();

    IHeaderDictionary IHttpResponseFeature.Headers
    {
        get => ResponseHeaders;
        set => throw new NotSupportedException();
    }

    Stream IHttpResponseFeature.Body { get; set; } = Stream.Null;

    public bool HasStarted { get; private set; }

    public string ResponseText => _body.Text;

    public Stream Stream => throw new NotSupportedException();

    public PipeWriter Writer => _body;

    public string ConnectionId { get; set; } = "0HNBENCH00001";

    public IPAddress? RemoteIpAddress { get; set; } = IPAddress.Loopback;

    public IPAddress? LocalIpAddress { get; set; } = IPAddress.Loopback;

    public int RemotePort { get; set; } = 50000;

    public int LocalPort { get; set; } = 80;

    public string TraceIdentifier
    {
        get => _traceIdentifier ??= string.Create(22, (ConnectionId, _number), static (text, from) =>
        {
            from.ConnectionId.CopyTo(text);
            text[13] = ':';
            from._number.TryFormat(text[14..], out _, "X8");
        });
        set => _traceIdentifier = value;
    }

    public CancellationToken RequestAborted
    {
        get => _aborted.Token;
        set => throw new NotSupportedException();
    }

    public bool IsUpgradableRequest => false;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            foreach (var (type, feature) in _features)
            {
                if (type == key)
                {
                    return feature;
                }
            }

            return null;
        }

        set
        {
            Revision++;
            for (var index = 0; index < _features.Count; index++)
            {
                if (_features[index].Key == key)
                {
                    _features[index] = KeyValuePair.Create(key, value!);
                    return;
                }
            }

            if (value is not null)
            {
                _features.Add(KeyValuePair.Create(key, value));
            }
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>What the next requests send.</summary>
    public void Send(string method, string path, IHeaderDictionary headers)
    {
        (Method, Path, RawTarget) = (method, path, path);
        ((IHttpRequestFeature)this).Headers = headers;
    }

    public void Reset()
    {
        _number++;
        (_traceIdentifier, HasStarted, StatusCode, ReasonPhrase) = (null, false, 200, null);
        ResponseHeaders.Clear();
        _onStarting.Clear();
        _onCompleted.Clear();
        _body.Clear();
        Features();
    }

    public Task FinishAsync()
    {
        var started = StartAsync();
        if (started.IsCompletedSuccessfully && _onCompleted.Count == 0)
        {
            return Task.CompletedTask;
        }

        return CompletedAsync(started);
    }

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
        {
            return Task.CompletedTask;
        }

        while (_onStarting.TryPop(out var starting))
        {
            var running = starting.Callback(starting.State);
            if (!running.IsCompletedSuccessfully)
            {
                return StartedAsync(running);
            }
        }

        HasStarted = true;
        return Task.CompletedTask;
    }

    public void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Push((callback, state));

    public void DisableBuffering()
    {
        // Nothing is buffered.
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task CompleteAsync() => StartAsync();

    public void Abort() => throw new NotSupportedException();

    public Task<Stream> UpgradeAsync() => throw new NotSupportedException();

    private async Task StartedAsync(Task running)
    {
        await running;
        await StartAsync();
    }

    private async Task CompletedAsync(Task started)
    {
        await started;
        while (_onCompleted.TryPop(out var completed))
        {
            await completed.Callback(completed.State);
        }
    }

    private void Features()
    {
        _features.Clear();
        foreach (var type in Own)
        {
            _features.Add(KeyValuePair.Create(type, (object)this));
        }
    }

    /// <summary>A body that is overwritten by the next.</summary>
    private sealed class BufferWriter : PipeWriter
    {
        private byte[] _buffer = new byte[4096];
        private int _written;

        public string Text => Encoding.UTF8.GetString(_buffer, 0, _written);

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => 0;

        public void Clear() => _written = 0;

        public override void Advance(int bytes) => _written += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length - _written < Math.Max(sizeHint, 256))
            {
                Array.Resize(ref _buffer, (_buffer.Length * 2) + sizeHint);
            }

            return _buffer.AsMemory(_written);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(new FlushResult(false, false));

        public override void CancelPendingFlush()
        {
            // No flush is ever pending.
        }

        public override void Complete(Exception? exception = null)
        {
            // The next request writes again.
        }
    }
}
