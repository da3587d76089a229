using System.Collections.Concurrent;
using System.Text;
using Espalier.Models.Serving;

namespace Espalier.Server.Metrics;

/// <summary>What a server counts, in Prometheus' text format (version 0.0.4). For several threads.</summary>
internal sealed class ServerMetrics
{
    private readonly ConcurrentDictionary<(string Path, int Status), long> _requests = new();

    /// <summary>From the request to the first work on its prompt.</summary>
    public Histogram QueueSeconds { get; } = new("espalier_queue_seconds", "Time an answer waited before its prompt was processed.");

    /// <summary>From the request to the first id.</summary>
    public Histogram FirstTokenSeconds { get; } = new("espalier_first_token_seconds", "Time from the request to an answer's first token.");

    /// <summary>From one id to the next.</summary>
    public Histogram TokenSeconds { get; } = new("espalier_token_seconds", "Time from one token of an answer to the next.");

    /// <summary>From the request to its end.</summary>
    public Histogram AnswerSeconds { get; } = new("espalier_answer_seconds", "Time from the request to the end of an answer.");

    /// <summary>Counts a request that was answered.</summary>
    /// <param name="path">One of the server's own paths.</param>
    /// <param name="status">HTTP's status.</param>
    public void Count(string path, int status) => _requests.AddOrUpdate((path, status), 1, static (_, count) => count + 1);

    public string Page(ServingCounts counts)
    {
        var page = new StringBuilder();
        page.Append("# HELP espalier_requests_total Requests by path and status.\n# TYPE espalier_requests_total counter\n");
        foreach (var ((path, status), count) in _requests.OrderBy(static pair => pair.Key))
            page.Append(CultureInfo.InvariantCulture, $"espalier_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}\n");
        foreach (var (name, kind, help, value) in ((string, string, string, long)[])
            [
                ("espalier_prompt_tokens_total", "counter", "Tokens of prompts whose processing started.", counts.PromptTokens),
                ("espalier_reused_tokens_total", "counter", "Prompt tokens whose keys and values were cached.", counts.ReusedTokens),
                ("espalier_generated_tokens_total", "counter", "Tokens generated.", counts.GeneratedTokens),
                ("espalier_steps_total", "counter", "Passes through the model.", counts.Steps),
                ("espalier_put_back_total", "counter", "Answers returned to the queue because the memory for keys and values was full.",
                    counts.PutBack),
                ("espalier_running", "gauge", "Answers being generated.", counts.Running),
                ("espalier_waiting", "gauge", "Answers that wait.", counts.Waiting),
                ("espalier_blocks", "gauge", "Blocks of keys and values.", counts.Blocks),
                ("espalier_blocks_used", "gauge", "Blocks used by answers.", counts.BlocksUsed),
                ("espalier_blocks_kept", "gauge", "Blocks kept for prompts with the same beginning.", counts.BlocksKept),
            ])
            page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        foreach (var histogram in (Histogram[])[QueueSeconds, FirstTokenSeconds, TokenSeconds, AnswerSeconds])
            histogram.Write(page);
        return page.ToString();
    }
}
