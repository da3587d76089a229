namespace Espalier.Torch.Native;

/// <summary>
/// Whether threads that wait should sleep soon, from how long those that compute waited for a processor: at once when others want the
/// processors, back when they have not for a while, and for longer each time that this was wrong.
/// </summary>
internal sealed class SpinChoice
{
    /// <summary>A share of the wanted time above this is what two threads wait for beside another program; a quiet machine's own work makes a hundredth.</summary>
    private const double Busy = 0.1, Quiet = 0.03;

    private const int LeastLooks = 8, MostLooks = 240, LooksToTrust = 240;

    private int _needed = LeastLooks, _quiet, _long;

    /// <summary>Whether to be brief now.</summary>
    public bool IsBrief { get; private set; }

    /// <summary>Takes the share of a look, null where threads hardly ran, and gives <see cref="IsBrief"/>.</summary>
    public bool Next(double? share)
    {
        if (share is not { } waited)
            return IsBrief;
        if (!IsBrief)
        {
            _long++;
            if (waited > Busy)
            {
                // Back too early: wait twice as long for the next time.
                _needed = _long < LooksToTrust && _quiet > 0 ? Math.Min(MostLooks, 2 * _needed) : LeastLooks;
                (IsBrief, _quiet) = (true, 0);
            }
            return IsBrief;
        }
        _quiet = waited < Quiet ? _quiet + 1 : 0;
        if (_quiet >= _needed)
            (IsBrief, _long) = (false, 0);
        return IsBrief;
    }
}
