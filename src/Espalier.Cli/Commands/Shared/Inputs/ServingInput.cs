using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Models.Serving;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>How much a server takes on.</summary>
internal sealed class ServingInput
{
    private readonly ValueOption<int> _batch = new("--batch", Kinds.Size(most: 1024),
        "Answers written at the same time; changes no text", 16);
    private readonly ValueOption<int> _queue = new("--queue", Kinds.Size(least: 0, most: 1 << 20),
        "Requests that may wait in addition to those; more are refused (429)", 256);
    private readonly ValueOption<int> _context = new("--context", Kinds.Size(least: 2),
        "Maximum positions of a prompt and its answer [default: the model's, at most 8192]");
    private readonly SizeOption _memory = new("--kv-memory",
        "Memory for keys and values, such as 4GB; when it is full, answers wait [default: what all answers can use, at most half of "
            + "free memory]");

    internal IEnumerable<Option> Options => [_batch, _queue, _context, _memory];

    internal int Batch(CommandRun run) => run.Get(_batch)!.Value;

    internal ServingOptions Read(CommandRun run) => new()
    {
        Batch = Batch(run),
        Queue = run.Get(_queue)!.Value,
        Context = run.Get(_context),
        KeyValueBytes = run.Get(_memory),
    };
}
