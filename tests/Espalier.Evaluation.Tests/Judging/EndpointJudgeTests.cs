using System.Collections.Concurrent;
using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Judging;

/// <summary>Judges behind an address: good, slow, broken and talking nonsense.</summary>
public sealed class EndpointJudgeTests
{
    private static readonly JudgePatience s_short =
        new(4, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(20));

    [Fact]
    public void A_judge_gets_the_conversation_at_temperature_0_with_the_key_and_its_replies_keep_their_places()
    {
        using var server = new JudgeServer((request, _) => PlayedAnswer.Saying($"about {request.User}: [[7]]"));
        var replies = Ask(server.Address, Questions(20), key: "secret-1");
        Assert.Equal(Enumerable.Range(0, 20).Select(i => new JudgeReply($"about q{i}: [[7]]")), replies);
        Assert.All(server.Requests, request =>
        {
            Assert.Equal(("/v1/chat/completions", "Bearer secret-1"), (request.Path, request.Authorization));
            Assert.Equal(("judge-x", 0, 2048), (request.Body.GetProperty("model").GetString(),
                request.Body.GetProperty("temperature").GetInt32(), request.Body.GetProperty("max_tokens").GetInt32()));
            Assert.Equal(["system", "user"], request.Body.GetProperty("messages").EnumerateArray()
                .Select(message => message.GetProperty("role").GetString()));
        });
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public void A_judge_that_is_busy_is_asked_again_and_that_is_counted(int status)
    {
        using var server = new JudgeServer((_, before) => before < 2 ? new(status, "{}") : PlayedAnswer.Saying("[[3]]"));
        var reply = Assert.Single(Ask(server.Address, Questions(1)));
        Assert.Equal(new JudgeReply("[[3]]", null, 2), reply);
        Assert.Equal(3, server.Requests.Count);
        Assert.Null(server.Requests[0].Authorization);
    }

    [Fact]
    public void A_judge_that_stays_broken_leaves_its_question_without_an_answer_and_says_why()
    {
        using var server = new JudgeServer((request, _) => request.User == "q1"
            ? new(500, """{"error": {"message": "out of\nmemory"}}""") : PlayedAnswer.Saying("[[3]]"));
        var replies = Ask(server.Address, Questions(3));
        Assert.Equal([new("[[3]]"), new(null, "500 Internal Server Error: out of?memory", 3), new("[[3]]")], replies);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public void What_is_refused_for_good_is_asked_once()
    {
        using var server = new JudgeServer((_, _) => new(400, """{"message": "too long"}"""));
        Assert.Equal(new JudgeReply(null, "400 Bad Request: too long"), Assert.Single(Ask(server.Address, Questions(1))));
        Assert.Single(server.Requests);
    }

    [Fact]
    public void A_judge_that_is_slow_is_given_up_after_its_time_and_asked_again()
    {
        using var server = new JudgeServer((_, before) => before == 0
            ? PlayedAnswer.Saying("[[1]]") with { Delay = TimeSpan.FromMinutes(5) } : PlayedAnswer.Saying("[[9]]"));
        var reply = Assert.Single(Ask(server.Address, Questions(1), patience: s_short with { Timeout = TimeSpan.FromSeconds(1) }));
        // A busy machine may need more than a second for the second answer, too.
        Assert.Equal(new JudgeReply("[[9]]", null, reply.Retries), reply);
        Assert.InRange(reply.Retries, 1, 5);
    }

    [Theory]
    [InlineData("no json", "its answer is not JSON")]
    [InlineData("{\"choices\": []}", "its answer has no choices[0].message.content")]
    [InlineData("[1]", "its answer has no choices[0].message.content")]
    [InlineData("{\"choices\": [{\"message\": {\"content\": null}}]}", "its answer has no choices[0].message.content")]
    [InlineData("{\"choices\": [{\"message\": {\"content\": \"\\ud800\"}}]}", "its answer is not text")]
    public void What_is_no_answer_is_none(string body, string failure)
    {
        using var server = new JudgeServer((_, _) => new(200, body));
        Assert.Equal(new JudgeReply(null, failure), Assert.Single(Ask(server.Address, Questions(1))));
    }

    [Theory]
    [InlineData(401, "rejects the request: 401 Unauthorized: bad key; its key is read from ESPALIER_JUDGE_KEY, which is not set")]
    [InlineData(404, "has no model judge-x, or is not a judge: 404 Not Found: bad key")]
    [InlineData(302, "has no model judge-x, or is not a judge: 302")]
    public void A_judge_that_the_user_must_look_at_ends_the_run_at_once(int status, string message)
    {
        using var server = new JudgeServer((_, _) => new(status, """{"error": "bad key"}"""));
        var error = Assert.Throws<EspalierException>(() => Ask(server.Address, Questions(30)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 1, 8);
    }

    [Fact]
    public void Nobody_at_the_address_ends_the_run_after_some_questions()
    {
        var error = Assert.Throws<EspalierException>(() => Ask($"http://127.0.0.1:{JudgeServer.FreePort()}", Questions(100)));
        Assert.Contains("did not answer 8 questions in a row; the last failure: Connection refused", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_answered_before_the_end_is_not_asked_again()
    {
        var (kept, broken) = (new ConcurrentDictionary<int, string>(), true);
        using var server = new JudgeServer((request, _) => broken && int.Parse(request.User[1..]) >= 10
            ? new(400, "") : PlayedAnswer.Saying($"[[{request.User}]]"));
        using (var judge = Judge(server.Address))
            Assert.Throws<EspalierException>(() => Round(judge, kept));
        Assert.Equal(10, kept.Count);
        (broken, var before) = (false, server.Requests.Count);
        using (var judge = Judge(server.Address))
            Assert.Equal(Enumerable.Range(0, 40).Select(i => $"[[q{i}]]"), Round(judge, kept).Select(reply => reply.Text));
        Assert.Equal(30, server.Requests.Count - before);

        IReadOnlyList<JudgeReply> Round(EndpointJudge judge, ConcurrentDictionary<int, string> known) => JudgeRound.Run(judge,
            Questions(40), "t", NullProgress.Instance, new Dictionary<int, string>(known), (place, text) => known[place] = text, default);
    }

    [Fact]
    public void A_judge_that_says_nothing_for_a_while_is_not_silent_to_the_user()
    {
        using var heard = new CountdownEvent(2);
        var lines = new ConcurrentQueue<string>();
        var judge = new WaitingJudge(() => Assert.True(heard.Wait(TimeSpan.FromMinutes(2))));
        var replies = JudgeRound.Run(judge, Questions(1), "t", new Noting(line =>
        {
            lines.Enqueue(line);
            if (!heard.IsSet)
                heard.Signal();
        }), new Dictionary<int, string>(), (_, _) => { }, default, TimeSpan.FromMilliseconds(40));
        Assert.Equal("[[5]]", Assert.Single(replies).Text);
        Assert.Equal(["t: no answer for 0.04 s; Ctrl-C keeps the answers so far", "t: no answer for 0.08 s; Ctrl-C "
            + "keeps the answers so far"],
            lines.Take(2));
    }

    private sealed class WaitingJudge(Action wait) : IJudge
    {
        public string Name => "waiting";

        public string Identity => "waiting";

        public void Ask(IReadOnlyList<IReadOnlyList<Message>> questions, Action<int, JudgeReply> answered, CancellationToken stop)
        {
            wait();
            answered(0, new("[[5]]"));
        }
    }

    private sealed class Noting(Action<string> note) : IProgressReporter
    {
        public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

        public void Note(string line) => note(line);

        public void Warn(string line) => note(line);
    }

    [Fact]
    public void Ctrl_C_ends_it_while_it_waits()
    {
        using var stop = new CancellationTokenSource();
        using var server = new JudgeServer((_, before) =>
        {
            if (before == 0)
                stop.Cancel();
            return new(429, "", RetryAfter: 3600);
        });
        using var judge = Judge(server.Address, patience: s_short with { MostDelay = TimeSpan.FromHours(1) });
        Assert.ThrowsAny<OperationCanceledException>(() => judge.Ask(Questions(9), (_, _) => { }, stop.Token));
    }

    [Fact]
    public void Waits_double_up_to_the_longest_and_are_as_long_as_the_judge_asks()
    {
        var patience = JudgePatience.Usual;
        Assert.Equal([1, 2, 4, 8, 16], Enumerable.Range(0, 5).Select(i => (int)patience.After(i, null).TotalSeconds));
        Assert.Equal((20, 4, 60), ((int)patience.After(0, TimeSpan.FromSeconds(20)).TotalSeconds,
            (int)patience.After(2, TimeSpan.FromSeconds(1)).TotalSeconds, (int)patience.After(0, TimeSpan.FromHours(1)).TotalSeconds));
    }

    [Theory]
    [InlineData("http://localhost:8000", "http://localhost:8000/v1/chat/completions")]
    [InlineData("http://localhost:8000/", "http://localhost:8000/v1/chat/completions")]
    [InlineData("https://a.example/v1/", "https://a.example/v1/chat/completions")]
    [InlineData("https://a.example/api/v2/chat/completions", "https://a.example/api/v2/chat/completions")]
    public void An_address_may_end_where_users_end_it(string given, string asked) =>
        Assert.Equal(asked, JudgeEndpoint.Of(given, "m", null).Address.ToString());

    [Theory]
    [InlineData("ftp://a.example", null, "is not an address")]
    [InlineData("http://", null, "is not an address")]
    [InlineData("http://me:secret@a.example", null, "a key in ESPALIER_JUDGE_KEY")]
    [InlineData("http://a.example?key=secret", null, "a key in ESPALIER_JUDGE_KEY")]
    [InlineData("http://a.example", "with\nbreak", "has characters that a key cannot have")]
    public void What_is_no_address_or_key_is_refused_without_repeating_it(string given, string? key, string message)
    {
        var error = Assert.Throws<EspalierException>(() => JudgeEndpoint.Of(given, "m", key));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Message>[] Questions(int count) =>
        [.. Enumerable.Range(0, count).Select(i => (IReadOnlyList<Message>)[Message.OfSystem("be fair"), Message.OfUser($"q{i}")])];

    private static EndpointJudge Judge(string address, string? key = null, JudgePatience? patience = null) =>
        new(JudgeEndpoint.Of(address, "judge-x", key, patience ?? s_short));

    private static JudgeReply[] Ask(string address, IReadOnlyList<Message>[] questions, string? key = null, JudgePatience? patience = null)
    {
        using var judge = Judge(address, key, patience);
        var replies = new JudgeReply?[questions.Length];
        judge.Ask(questions, (place, reply) => replies[place] = reply, default);
        return replies!;
    }
}
