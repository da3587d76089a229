using System.Net;
using System.Net.Http.Headers;
using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judges;

/// <summary>
/// A judge that is asked over HTTP as OpenAI's models are, several questions at once, at temperature 0 (FastChat's number). A question that
/// fails for reasons that pass (a busy or broken server, no connection, no answer in time) is asked again after a wait that doubles.
/// </summary>
internal sealed class EndpointJudge : IJudge, IDisposable
{
    /// <summary>Most tokens of a reply; FastChat's number (fastchat/llm_judge/common.py).</summary>
    public const int MaxTokens = 2048;

    /// <summary>After so many questions in a row without an answer the rest is not asked.</summary>
    public const int MostFailures = 8;

    private const int AtOnce = 4;
    private const int MaxBytes = 4 << 20;

    private readonly JudgeEndpoint _endpoint;
    private readonly HttpClient _http;

    /// <summary>Makes one; nothing is sent yet.</summary>
    public EndpointJudge(JudgeEndpoint endpoint)
    {
        _endpoint = endpoint;
        // A redirect could take the questions to a place that the user did not name.
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = endpoint.Patience.Timeout })
        {
            Timeout = endpoint.Patience.Timeout,
            MaxResponseContentBufferSize = MaxBytes,
        };
        if (endpoint.Key is { } key)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Name => _endpoint.Model;

    public string Identity => $"{_endpoint.Address}\0{_endpoint.Model}\0{MaxTokens}";

    public void Ask(IReadOnlyList<IReadOnlyList<Message>> questions, Action<int, JudgeReply> answered, CancellationToken stop)
    {
        var (one, failures) = (new Lock(), 0);
        try
        {
            // In their order, so that those in a row were asked in a row.
            Parallel.ForEach(System.Collections.Concurrent.Partitioner.Create(Enumerable.Range(0, questions.Count),
                System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, (place, loop) =>
                {
                    var reply = Ask(questions[place], stop);
                    lock (one)
                    {
                        answered(place, reply);
                        failures = reply.Text is null ? failures + 1 : 0;
                        if (failures >= MostFailures && !loop.IsExceptional)
                            throw new EspalierException($"the judge at {_endpoint.Address} did not answer {failures} questions in a row; "
                                + $"the last failure: {reply.Failure}; its answers are kept, and the same command resumes from there")
                            { ExitCode = 1 };
                    }
                });
        }
        catch (AggregateException error)
        {
            stop.ThrowIfCancellationRequested();
            throw error.InnerExceptions.OfType<EspalierException>().FirstOrDefault() ?? error.InnerExceptions[0];
        }
    }

    public void Dispose() => _http.Dispose();

    private JudgeReply Ask(IReadOnlyList<Message> question, CancellationToken stop)
    {
        for (var attempt = 0; ; attempt++)
        {
            var (reply, retry, wait) = Once(question, stop);
            if (!retry || attempt + 1 >= _endpoint.Patience.Attempts)
                return reply with { Retries = attempt };
            stop.WaitHandle.WaitOne(_endpoint.Patience.After(attempt, wait));
            stop.ThrowIfCancellationRequested();
        }
    }

    private (JudgeReply Reply, bool Retry, TimeSpan? Wait) Once(IReadOnlyList<Message> question, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _endpoint.Address)
        {
            Content = new ByteArrayContent(ChatCompletion.Request(_endpoint.Model, question, MaxTokens)),
        };
        request.Content.Headers.ContentType = new("application/json");
        try
        {
            using var response = _http.Send(request, HttpCompletionOption.ResponseContentRead, stop);
            using var content = new MemoryStream();
            response.Content.ReadAsStream(stop).CopyTo(content);
            var body = content.ToArray();
            if (response.StatusCode == HttpStatusCode.OK)
                return (ChatCompletion.Reply(body), false, null);
            var said = $"{(int)response.StatusCode} {response.ReasonPhrase}{ChatCompletion.Complaint(body)}";
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                throw new EspalierException($"the judge at {_endpoint.Address} rejects the request: {said}; its key is read from "
                    + $"{JudgeEndpoint.KeyVariable}, which is {(_endpoint.Key is null ? "not set" : "set")}");
            if ((int)response.StatusCode is 404 or 405 or (>= 300 and < 400))
                throw new EspalierException($"the judge at {_endpoint.Address} has no model {_endpoint.Model}, or is not a judge: {said}; "
                    + "check the address and --judge-model");
            return (new(null, said), IsPassing(response.StatusCode), Wanted(response.Headers.RetryAfter));
        }
        catch (HttpRequestException error)
        {
            return (new(null, OneLine.Clipped(error.InnerException?.Message ?? error.Message)),
                error.HttpRequestError != HttpRequestError.ConfigurationLimitExceeded, null);
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            return (new(null, $"no answer within {_endpoint.Patience.Timeout.TotalSeconds:0.###} s"), true, null);
        }
        catch (IOException error)
        {
            return (new(null, OneLine.Clipped(error.Message)), true, null);
        }
    }

    // Timeout, conflict, too many requests, and whatever is broken there.
    private static bool IsPassing(HttpStatusCode status) => (int)status is 408 or 409 or 429 or >= 500;

    private static TimeSpan? Wanted(RetryConditionHeaderValue? header) =>
        header?.Delta ?? (header?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
}
