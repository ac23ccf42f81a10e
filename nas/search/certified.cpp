#include "nas/search/certified.h"

#include "nas/search/certified/search.h"
#include "nas/search/exact.h"

namespace tessera::nas {

SearchResult certified_front(const TableModel& model, const CertifiedOptions& options) {
    model.check();
    if (model.additive()) {
        return exact_front(model);
    }
    return certified::BranchAndBound(model, options).run();
}

} // namespace tessera::nas
