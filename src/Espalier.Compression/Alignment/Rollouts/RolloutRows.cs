using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>
/// Answers as rows of batches: a prompt and what was written to it, of which the latter counts; the rest of a row is padding.
/// </summary>
internal sealed class RolloutRows(PromptSet prompts, int sequence)
{
    /// <summary>A batch with room for so many answers.</summary>
    public Batch Allocate(int rows)
    {
        var tokens = checked(rows * sequence);
        return new(new long[rows], new long[tokens], new long[tokens], rows, sequence, new long[tokens], new bool[tokens]);
    }

    /// <summary>Puts an answer into a row.</summary>
    public void Fill(Batch batch, int row, Rollout rollout)
    {
        int[] ids = [.. prompts[rollout.Prompt], .. rollout.Written];
        var (first, begin) = (row * sequence, ids.Length - rollout.Written.Length - 1);
        batch.Windows[row] = rollout.Prompt;
        for (var i = 0; i < sequence; i++)
        {
            var isThere = i + 1 < ids.Length;
            batch.Inputs[first + i] = isThere ? ids[i] : 0;
            batch.Targets[first + i] = isThere ? ids[i + 1] : 0;
            batch.Places![first + i] = isThere ? i : i - (ids.Length - 1);
            batch.LossMask![first + i] = isThere && i >= begin;
        }
    }
}
